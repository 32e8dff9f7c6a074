Feature: accept_failures
  Flower Fault Tolerance, row 4: with accept_failures the aggregation proceeds despite failures; it is the default.

  @ROUND-ACCEPT-FAILURES-DEFAULT @takes-35s
  Scenario: A client fails, and nothing is said of accept_failures
    Given a federation of 2 SuperNodes
    And a run of 1 rounds of FedAvg, each fit lasting 5 s
    When round 1 is in fit on nodes 1 and 2
    And node 1 is stopped
    And at most 90 s pass until round 1 has ended
    Then its Strategy accepts failures by default
    And the fit of round 1 is aggregated with 1 results and 1 failures

  @ROUND-ACCEPT-FAILURES-TRUE @ROUND-AGGREGATE-SURVIVORS @takes-35s
  Scenario: A client fails with accept_failures true
    Given a federation of 2 SuperNodes
    And a run of 1 rounds of FedAvg, each fit lasting 5 s, with
      | accept-failures | true |
    When round 1 is in fit on nodes 1 and 2
    And node 1 is stopped
    And at most 90 s pass until round 1 has ended
    Then the fit of round 1 is aggregated with 1 results and 1 failures (ROUND-ACCEPT-FAILURES-TRUE)
    And the aggregate of round 1 is the mean of the results that came back (ROUND-AGGREGATE-SURVIVORS)

  @ROUND-ACCEPT-FAILURES-FALSE @takes-45s
  Scenario: A client fails with accept_failures false
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 5 s, with
      | accept-failures | false |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 90 s pass until round 1 has ended
    And at most 60 s pass until round 2 has aggregated
    Then the fit of round 1 gives None with 2 results and 1 failures
    And round 1 leaves the model unchanged
    And round 2 aggregates results of nodes 2 and 3

  @ROUND-ACCEPT-FAILURES-EVERY-STRATEGY @takes-10s
  Scenario: Every Strategy of Flower has accept_failures, true by default
    When the signatures of Flower's Strategies are read
    Then each of them has accept_failures, true by default

  @ROUND-MESSAGE-PROCEEDS @ROUND-MESSAGE-NOT-SAMPLED @takes-40s
  Scenario: A client fails, with the message API
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of the message API's FedAvg, each fit lasting 6 s
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 150 s pass until round 1 has ended
    And at most 60 s pass until round 2 has aggregated
    Then round 1 records the failure of node 1 (ROUND-MESSAGE-PROCEEDS)
    And round 1 is aggregated (ROUND-MESSAGE-PROCEEDS)
    And the aggregate of round 1 is the mean of the results that came back (ROUND-MESSAGE-PROCEEDS)
    And round 2 aggregates results of nodes 2 and 3 (ROUND-MESSAGE-PROCEEDS)
    And round 2 does not sample node 1 (ROUND-MESSAGE-NOT-SAMPLED)
