Feature: What a policy does to a role
  OneFlow Elasticity Engine, row 1, anti-patterns 3 and 4, and open question 3. Time is scaled: policies are evaluated
  every 2 s in place of every 90. The VMs run nothing and publish their metrics through OneGate.

  @SCALE-POLICY-CHANGE @takes-20s
  Scenario: CHANGE, up and down, within and beyond the limits
    Given a service of 2 SuperNodes whose VMs run nothing, with
      | min_vms | 2 |
      | max_vms | 4 |
    When role supernode is given the policy
      | type   | adjust | expression | cooldown |
      | CHANGE | 1      | LOAD > 50  | 4        |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | 5      | LOAD > 50  |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type   | adjust | expression | cooldown |
      | CHANGE | -1     | LOAD < 50  | 4        |
    And every VM of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | -5     | LOAD < 50  |
    And every VM of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    Then each policy of type CHANGE changes the role as it says, within, above and below its limits

  @SCALE-POLICY-CARDINALITY @takes-30s
  Scenario: CARDINALITY within, above and below the limits
    Given a service of 2 SuperNodes whose VMs run nothing, with
      | min_vms | 2 |
      | max_vms | 4 |
    When role supernode is given the policy
      | type        | adjust | expression |
      | CARDINALITY | 3      | LOAD > 50  |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type        | adjust | expression |
      | CARDINALITY | 9      | LOAD > 50  |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type        | adjust | expression |
      | CARDINALITY | 1      | LOAD > 50  |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    Then each policy of type CARDINALITY changes the role as it says, within, above and below its limits

  @SCALE-POLICY-PERCENTAGE @takes-25s
  Scenario: PERCENTAGE_CHANGE, with and without a least step
    Given a service of 4 SuperNodes whose VMs run nothing, with
      | min_vms | 2 |
      | max_vms | 8 |
    When role supernode is given the policy
      | type              | adjust | expression | cooldown |
      | PERCENTAGE_CHANGE | 50     | LOAD > 50  | 4        |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type              | adjust | expression | cooldown |
      | PERCENTAGE_CHANGE | -50    | LOAD > 50  | 4        |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type              | adjust | min_adjust_step | expression | cooldown |
      | PERCENTAGE_CHANGE | 34     | 3               | LOAD > 50  | 4        |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type              | adjust | expression |
      | PERCENTAGE_CHANGE | 90     | LOAD > 50  |
    And every VM of role supernode publishes `LOAD=90`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    Then each policy of type PERCENTAGE_CHANGE changes the role by its percentage

  @SCALE-MIN-VMS-FLOOR @takes-25s
  Scenario: Policies of every type want to go below min_vms
    Given a service of 3 SuperNodes whose VMs run nothing, with
      | min_vms | 2 |
    When role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | -9     | LOAD < 50  |
    And every VM of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type        | adjust | expression |
      | CARDINALITY | 0      | LOAD < 50  |
    And every VM of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And role supernode is given the policy
      | type              | adjust | expression |
      | PERCENTAGE_CHANGE | -90    | LOAD < 50  |
    And every VM of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    Then role supernode is never below its minimum

  @SCALE-SUPERLINK-UNTOUCHED @takes-5s
  Scenario: The SuperNodes' role scales up and down by its policies, the SuperLink's role has none
    Given the service template under test on a cloud with a clock of its own
    When the CPU of all VMs is at 95 %
    And 2 hours of the cloud's clock pass
    And the CPU of all VMs is at 5 %
    And 6 hours of the cloud's clock pass
    And the CPU of all VMs is at 50 %
    And 24 hours of the cloud's clock pass
    Then role superlink keeps its VM while role supernode scales up and down

  @SCALE-DOWN-NEWEST-FIRST @takes-5s
  Scenario: Which VMs a scale-down removes
    Given a service of 4 SuperNodes whose VMs run nothing
    When role supernode is scaled to 2
    And at most 40 s pass until role supernode has 2 VMs
    And at most 40 s pass until the service is RUNNING
    Then the newest VMs of role supernode are removed

  @SCALE-DOWN-ORDER-CONFIGURABLE @takes-25s
  Scenario: Whether anything changes which VMs a scale-down removes
    Given a service of 7 SuperNodes whose VMs run nothing
    When VMs 3 and 5 of role supernode publish `FL_CLIENT_STATUS=IDLE`
    And role supernode is scaled to 6
    And at most 40 s pass until role supernode has 6 VMs
    And at most 40 s pass until the service is RUNNING
    And role supernode is scaled to 5 by force
    And at most 40 s pass until role supernode has 5 VMs
    And at most 40 s pass until the service is RUNNING
    And role supernode is scaled to 4 with the further field `order` of `newest`
    And at most 40 s pass until role supernode has 4 VMs
    And at most 40 s pass until the service is RUNNING
    And role supernode is scaled to 3 by a VM, through OneGate
    And at most 40 s pass until role supernode has 3 VMs
    And at most 40 s pass until the service is RUNNING
    And every VM of role supernode publishes `LOAD=10`
    And role supernode is given the policy
      | type   | adjust | expression | cooldown |
      | CHANGE | -1     | LOAD < 50  | 4        |
    And at most 40 s pass until role supernode has 2 VMs
    Then VMs of the same places of role supernode are removed in all 5 ways
