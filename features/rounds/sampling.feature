Feature: A client disconnects before fit() is assigned, and comes back between rounds
  Pattern 3, table rows 2 and 4: a client that is gone is not sampled; one that is back is.

  @ROUND-NOT-SAMPLED-CRASH @takes-30s
  Scenario: A SuperNode is killed before the round begins
    Given a federation of 3 SuperNodes
    When node 3 is killed
    And a run of 1 rounds of FedAvg is started, each fit lasting 2 s
    And at most 60 s pass until round 1 has sampled
    Then round 1 does not sample node 3

  @ROUND-NOT-SAMPLED-TERM @takes-30s
  Scenario: A SuperNode is stopped before the round begins
    Given a federation of 3 SuperNodes
    When node 3 is stopped
    And a run of 1 rounds of FedAvg is started, each fit lasting 2 s
    And at most 60 s pass until round 1 has aggregated
    Then round 1 does not sample node 3
    And round 1 aggregates results of nodes 1 and 2

  @ROUND-MESSAGE-NOT-SAMPLED @takes-30s
  Scenario: A SuperNode is stopped before the round begins, with the message API
    Given a federation of 3 SuperNodes
    When node 3 is stopped
    And a run of 1 rounds of the message API's FedAvg is started, each fit lasting 2 s
    And at most 60 s pass until round 1 has aggregated
    Then round 1 does not sample node 3
    And round 1 aggregates results of nodes 1 and 2

  @ROUND-REJOIN @takes-60s
  Scenario: A SuperNode is stopped in a round and started again before the next
    Given a federation of 3 SuperNodes
    And a run of 3 rounds of FedAvg, each fit lasting 8 s
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And node 1 is started again
    And at most 90 s pass until round 1 has ended
    And at most 90 s pass until round 3 has aggregated
    Then round 3 aggregates results of nodes 1, 2 and 3

  @ROUND-NOT-SAMPLED-CRASH @takes-30s
  Scenario: A SuperNode is killed before the round begins, with the message API
    Given a federation of 3 SuperNodes
    When node 3 is killed
    And a run of 1 rounds of the message API's FedAvg is started, each fit lasting 2 s
    And at most 60 s pass until round 1 has sampled
    Then round 1 does not sample node 3

  @ROUND-REJOIN @takes-60s
  Scenario: A SuperNode is stopped in a round and started again before the next, with the message API
    Given a federation of 3 SuperNodes
    And a run of 3 rounds of the message API's FedAvg, each fit lasting 8 s
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And node 1 is started again
    And at most 90 s pass until round 1 has ended
    And at most 90 s pass until round 3 has aggregated
    Then round 3 aggregates results of nodes 1, 2 and 3
