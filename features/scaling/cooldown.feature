Feature: COOLDOWN
  Pattern 2, evaluation 5, and pitfall 5. Time is scaled: policies are evaluated every 2 s in place of every 90.

  @SCALE-COOLDOWN-STATE @takes-20s
  Scenario: A policy with a cooldown of its own scales
    Given a service of 1 SuperNodes whose VMs run nothing, with
      | cooldown | 2 |
    When VM 1 of role supernode publishes `LOAD=90`
    And role supernode is given the policy
      | type   | adjust | expression | cooldown |
      | CHANGE | 1      | LOAD > 50  | 10       |
    And at most 40 s pass until the service is COOLDOWN
    And VM 1 of role supernode publishes `LOAD=10`
    And at most 40 s pass until the service is RUNNING
    Then the service is in COOLDOWN for the 10 s of the policy after role supernode has scaled

  @SCALE-COOLDOWN-ALL-ROLES @takes-30s
  Scenario: The SuperLink's role has to scale while the SuperNodes' role cools down
    Given a service of 1 SuperNodes whose VMs run nothing
    When role superlink is given the policy
      | type   | adjust | expression |
      | CHANGE | 1      | WANTED > 0 |
    And VM 1 of role supernode publishes `LOAD=90`
    And role supernode is given the policy
      | type   | adjust | expression | period_number | cooldown |
      | CHANGE | 1      | LOAD > 50  | 2             | 12       |
    And at most 40 s pass until the service is COOLDOWN
    And VM 1 of role superlink publishes `WANTED=1`
    And at most 60 s pass until role superlink has 2 VMs
    Then role superlink waits for the end of the COOLDOWN after role supernode has scaled

  @SCALE-SUPERLINK-BLOCKS @takes-30s
  Scenario: The SuperNodes' role has to scale while the SuperLink's role cools down
    Given a service of 1 SuperNodes whose VMs run nothing
    When role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | 1      | LOAD > 50  |
    And VM 1 of role superlink publishes `WANTED=1`
    And role superlink is given the policy
      | type   | adjust | expression | period_number | cooldown |
      | CHANGE | 1      | WANTED > 0 | 2             | 12       |
    And at most 40 s pass until the service is COOLDOWN
    And VM 1 of role supernode publishes `LOAD=90`
    And at most 60 s pass until role supernode has 2 VMs
    Then role supernode waits for the end of the COOLDOWN after role superlink has scaled

  @SCALE-COOLDOWN-DELAYS-URGENT @takes-30s
  Scenario: Demand surges right after a scale-down
    Given a service of 3 SuperNodes whose VMs run nothing
    When every VM of role supernode publishes `LOAD=10`
    And role supernode is given the policies
      | type   | adjust | expression | period_number | cooldown |
      | CHANGE | 1      | LOAD > 50  | 1             | 1        |
      | CHANGE | -1     | LOAD < 50  | 2             | 12       |
    And at most 40 s pass until the service is COOLDOWN
    And every VM of role supernode publishes `LOAD=90`
    And role supernode is scaled to 3, which is refused
    And at most 60 s pass until role supernode has 3 VMs
    Then role supernode waits for the end of the COOLDOWN after its own scale-down
