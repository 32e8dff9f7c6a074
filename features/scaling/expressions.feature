Feature: What an expression is evaluated to
  Pattern 2, evaluations 1 to 4, and pitfall 4. Time is scaled: the autoscaler passes every 2 s in place of every 90.

  @SCALE-EXPRESSION-PERIOD @takes-20s
  Scenario: A period that is no multiple of the autoscaler's interval
    Given a service of 1 SuperNodes whose VMs run nothing
    When role supernode is given the policy
      | type   | adjust | expression | period |
      | CHANGE | 1      | LOAD > 50  | 3      |
    And at most 60 s pass until policy 1 of role supernode has been evaluated 4 times
    Then the policy of role supernode is evaluated every period

  @SCALE-EXPRESSION-AVERAGE-ALL @takes-10s
  Scenario: One of four VMs has the attribute
    Given a service of 4 SuperNodes whose VMs run nothing
    When VM 2 of role supernode publishes `LOAD=100`
    And role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | 1      | LOAD > 500 |
    And at most 40 s pass until policy 1 of role supernode has been evaluated 2 times
    Then the value of LOAD is its average over all 4 VMs of role supernode

  @SCALE-EXPRESSION-MISSING @takes-10s
  Scenario: No VM has the attribute
    Given a service of 2 SuperNodes whose VMs run nothing
    When role supernode is given the policies
      | type   | adjust | expression   |
      | CHANGE | 1      | NOBODY == 0  |
      | CHANGE | 1      | NOBODY != 1  |
      | CHANGE | 1      | NOBODY < 99  |
      | CHANGE | 1      | NOBODY <= 99 |
      | CHANGE | 1      | NOBODY > -1  |
      | CHANGE | 1      | NOBODY >= 0  |
    And at most 40 s pass until policy 6 of role supernode has been evaluated 2 times
    Then every comparison of role supernode with NOBODY is false

  @SCALE-EXPRESSION-LOOKUP @takes-20s
  Scenario: An attribute is in several places
    Given a service of 1 SuperNodes whose VMs run nothing
    When the CPU of all VMs is at 42 %
    And role supernode is given the policies
      | type   | adjust | expression       |
      | CHANGE | 1      | CPU > 9999       |
      | CHANGE | 1      | VCPU > 9999      |
      | CHANGE | 1      | LCM_STATE > 9999 |
    And at most 40 s pass until policy 3 of role supernode has been evaluated 3 times
    And VM 1 of role supernode is read
    And at most 40 s pass until policy 3 of role supernode has been evaluated 2 times
    And VM 1 of role supernode publishes `CPU=77`
    And VM 1 of role supernode publishes `LCM_STATE=88`
    And VM 1 of role supernode is read
    And at most 40 s pass until policy 3 of role supernode has been evaluated 2 times
    Then the first place that has an attribute decides its value for role supernode

  @SCALE-EXPRESSION-PERIOD-NUMBER @takes-30s
  Scenario: A false evaluation in between
    Given a service of 1 SuperNodes whose VMs run nothing
    When VM 1 of role supernode publishes `LOAD=90`
    And role supernode is given the policy
      | type   | adjust | expression | period_number |
      | CHANGE | 1      | LOAD > 50  | 4             |
    And at most 40 s pass until policy 1 of role supernode has been true 2 times
    And VM 1 of role supernode publishes `LOAD=10`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 1 times
    And VM 1 of role supernode publishes `LOAD=90`
    And at most 60 s pass until role supernode has 2 VMs
    Then role supernode scales after as many true evaluations in a row as its policy says

  @SCALE-EXPRESSION-STRINGS @takes-10s
  Scenario: An attribute is compared with a word
    Given a service of 2 SuperNodes whose VMs run nothing
    When every VM of role supernode publishes `FL_CLIENT_STATUS=DISCONNECTED`
    And role supernode is given the policies
      | type   | adjust | expression                         |
      | CHANGE | 1      | FL_CLIENT_STATUS == DISCONNECTED   |
      | CHANGE | 1      | FL_CLIENT_STATUS = DISCONNECTED    |
    And at most 40 s pass until policy 2 of role supernode has been evaluated 2 times
    And role supernode is given the policy
      | type   | adjust | expression                         |
      | CHANGE | 1      | FL_CLIENT_STATUS == "DISCONNECTED" |
    And at most 40 s pass until policy 1 of role supernode has been evaluated 2 times
    Then one of these expressions scales role supernode

  @SCALE-EXPRESSION-MAX @takes-10s
  Scenario: One VM is beyond the threshold, the average is not
    Given a service of 4 SuperNodes whose VMs run nothing
    When every VM of role supernode publishes `LOAD=10`
    And VM 2 of role supernode publishes `LOAD=90`
    And role supernode is given the policy
      | type   | adjust | expression     |
      | CHANGE | 1      | MAX(LOAD) > 80 |
    And role supernode is given the policy
      | type   | adjust | expression     |
      | CHANGE | 1      | max LOAD > 80  |
    And role supernode is given the policy
      | type   | adjust | expression     |
      | CHANGE | 1      | LOAD.max > 80  |
    And role supernode is given the policy
      | type   | adjust | expression     |
      | CHANGE | 1      | MAX_LOAD > 80  |
    And at most 40 s pass until policy 1 of role supernode has been evaluated 2 times
    Then one of these expressions scales role supernode

  @SCALE-EXPRESSION-COUNT @takes-10s
  Scenario: Three of four VMs have a value
    Given a service of 4 SuperNodes whose VMs run nothing
    When every VM of role supernode publishes `FL_CLIENT_STATUS=DISCONNECTED`
    And VM 4 of role supernode publishes `FL_CLIENT_STATUS=IDLE`
    And role supernode is given the policy
      | type   | adjust | expression                                  |
      | CHANGE | 1      | COUNT(FL_CLIENT_STATUS == DISCONNECTED) > 2 |
    And role supernode is given the policy
      | type   | adjust | expression                                  |
      | CHANGE | 1      | #FL_CLIENT_STATUS > 2                       |
    And role supernode is given the policies
      | type   | adjust | expression                                  |
      | CHANGE | 1      | FL_CLIENT_STATUS > 2                        |
      | CHANGE | 1      | COUNT_DISCONNECTED > 2                      |
    And at most 40 s pass until policy 2 of role supernode has been evaluated 2 times
    Then one of these expressions scales role supernode

  @SCALE-AVERAGE-MASKS @takes-10s
  Scenario: Nine VMs at 10, one at 90
    Given a service of 10 SuperNodes whose VMs run nothing, with
      | max_vms | 12 |
    When every VM of role supernode publishes `LOAD=10`
    And VM 5 of role supernode publishes `LOAD=90`
    And role supernode is given the policy
      | type   | adjust | expression |
      | CHANGE | 1      | LOAD > 80  |
    And at most 40 s pass until policy 1 of role supernode has been evaluated 2 times
    Then the average of LOAD over 10 VMs of role supernode hides the one that is beyond the threshold
