Feature: Metrics that VMs publish through OneGate
  Pattern 2 and code example 1. A VM's own token is used, as its boot script would.

  @SCALE-METRIC-TO-USER-TEMPLATE @takes-5s
  Scenario: A VM publishes a metric
    Given a service of 1 SuperNodes whose VMs run nothing
    When VM 1 of role supernode is read
    And VM 1 of role supernode publishes `FL_ROUND_NUMBER=7`
    And VM 1 of role supernode is read
    Then FL_ROUND_NUMBER is stored as `7`

  @SCALE-METRIC-EXAMPLE @takes-5s
  Scenario: A VM publishes the metric of the specification's example, as it is written there
    Given a service of 1 SuperNodes whose VMs run nothing
    When VM 1 of role supernode is read
    And VM 1 of role supernode publishes `FL_CLIENT_STATUS = IDLE`
    And VM 1 of role supernode is read
    Then FL_CLIENT_STATUS is stored as `IDLE`

  @SCALE-METRIC-TRAINING-PROTECTS @takes-30s
  Scenario: Policies that are to keep from scaling down while FL_TRAINING_ACTIVE is YES
    Given a service of 3 SuperNodes whose VMs run nothing
    When every VM of role supernode publishes `LOAD=10`
    And every VM of role supernode publishes `FL_TRAINING_ACTIVE=YES`
    And role supernode is given the policies
      | type   | adjust | expression                            |
      | CHANGE | -1     | LOAD < 20 && FL_TRAINING_ACTIVE == NO |
      | CHANGE | -1     | LOAD < 20 && FL_TRAINING_ACTIVE != YES |
    And at most 40 s pass until policy 2 of role supernode has been evaluated 3 times
    And every VM of role supernode publishes `FL_TRAINING_ACTIVE=NO`
    And at most 40 s pass until policy 2 of role supernode has been evaluated 2 times
    And every VM of role supernode publishes `FL_TRAINING_ACTIVE=YES`
    And role supernode is given the policy
      | type   | adjust | expression                            |
      | CHANGE | -1     | LOAD < 20 && FL_TRAINING_ACTIVE == 0  |
    And at most 40 s pass until policy 1 of role supernode has been evaluated 3 times
    And every VM of role supernode publishes `FL_TRAINING_ACTIVE=NO`
    And at most 40 s pass until policy 1 of role supernode has been evaluated 2 times
    Then a policy of role supernode waits while FL_TRAINING_ACTIVE is YES and scales down once it is NO
