Feature: All sampled clients disconnect
  Pattern 3, table row 3: aggregate_fit() returns None, the global model stays, the next round is attempted.

  The nodes of the next round are online before the round ends, so that nothing here rests on how it waits for nodes.

  @ROUND-ALL-FAIL-NONE @ROUND-ALL-FAIL-MODEL-UNCHANGED @ROUND-ALL-FAIL-NEXT-ROUND @takes-50s
  Scenario: All sampled SuperNodes are stopped in the middle of their fit, and others are there
    Given a federation of 4 SuperNodes, of which nodes 1 and 2 are started
    And a run of 2 rounds of FedAvg, each fit lasting 2 s, with
      | fit-seconds-at | 1/*:90 |
    When round 1 is in fit on nodes 1 and 2
    And nodes 3 and 4 are started
    And at most 60 s pass until nodes 3 and 4 are online
    And nodes 1 and 2 are stopped
    And at most 150 s pass until round 1 has ended
    And at most 90 s pass until round 2 has aggregated
    Then the fit of round 1 gives None with 0 results and 2 failures (ROUND-ALL-FAIL-NONE)
    And round 1 leaves the model unchanged (ROUND-ALL-FAIL-MODEL-UNCHANGED)
    And the round after round 1 begins (ROUND-ALL-FAIL-NEXT-ROUND)
    And round 2 aggregates results of nodes 3 and 4 (ROUND-ALL-FAIL-NEXT-ROUND)

  @ROUND-ALL-FAIL-NONE @ROUND-ALL-FAIL-MODEL-UNCHANGED @ROUND-ALL-FAIL-NEXT-ROUND @takes-110s
  Scenario: All sampled SuperNodes are killed in the middle of their fit, and come back
    Given a federation of 2 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 2 s, with
      | fit-seconds-at | 1/*:90 |
    When round 1 is in fit on nodes 1 and 2
    And nodes 1 and 2 are killed
    And nodes 1 and 2 are started again
    And at most 150 s pass until round 1 has ended
    And at most 90 s pass until round 2 has aggregated
    Then the fit of round 1 gives None with 0 results and 2 failures (ROUND-ALL-FAIL-NONE)
    And round 1 leaves the model unchanged (ROUND-ALL-FAIL-MODEL-UNCHANGED)
    And the round after round 1 begins (ROUND-ALL-FAIL-NEXT-ROUND)
    And round 2 aggregates results of nodes 1 and 2 (ROUND-ALL-FAIL-NEXT-ROUND)

  @ROUND-MESSAGE-ALL-FAIL @takes-50s
  Scenario: All sampled SuperNodes are stopped in the middle of their fit, with the message API
    Given a federation of 4 SuperNodes, of which nodes 1 and 2 are started
    And a run of 2 rounds of the message API's FedAvg, each fit lasting 2 s, with
      | fit-seconds-at | 1/*:90 |
    When round 1 is in fit on nodes 1 and 2
    And nodes 3 and 4 are started
    And at most 60 s pass until nodes 3 and 4 are online
    And nodes 1 and 2 are stopped
    And at most 150 s pass until round 1 has ended
    And at most 90 s pass until round 2 has aggregated
    Then the fit of round 1 gives None with 0 results and 2 failures
    And round 1 leaves the model unchanged
    And round 2 aggregates results of nodes 3 and 4
