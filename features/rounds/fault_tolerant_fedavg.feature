Feature: FaultTolerantFedAvg
  Flower Fault Tolerance, row 3, and pitfall 1: it aggregates when at least half of the clients have completed.

  Rule: It comes with Flower

    @ROUND-FTFA-BUILT-IN @takes-30s
    Scenario: A run uses Flower's own FaultTolerantFedAvg
      Given a federation of 2 SuperNodes
      And a run of 1 rounds of Flower's own FaultTolerantFedAvg, each fit lasting 1 s
      When at most 90 s pass until round 1 has aggregated
      Then round 1 aggregates results of nodes 1 and 2

  Rule: With its defaults

    # What is left of a round's nodes takes part in what comes next, so that three federations do for six claims.

    @ROUND-FTFA-FIT-ABOVE @ROUND-FTFA-EVALUATE-BELOW @ROUND-FTFA-DEFAULTS @ROUND-AGGREGATE-SURVIVORS @takes-55s
    Scenario: 3 of 4 clients complete a fit, and 1 of these 3 the evaluation
      Given a federation of 4 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 6 s, with
        | fraction-evaluate | 1.0 |
        | evaluate-seconds  | 6   |
      When round 1 is in fit on nodes 1, 2, 3 and 4
      And node 1 is stopped
      And at most 90 s pass until round 1 has ended
      And round 1 is in evaluate on nodes 2, 3 and 4
      And nodes 2 and 3 are stopped
      And at most 90 s pass until the run has ended
      Then its Strategy has completion rates of 0.5 by default (ROUND-FTFA-DEFAULTS)
      And the fit of round 1 is aggregated with 3 results and 1 failures (ROUND-FTFA-FIT-ABOVE)
      And the aggregate of round 1 is the mean of the results that came back (ROUND-AGGREGATE-SURVIVORS)
      And the evaluate of round 1 gives None with 1 results and 2 failures (ROUND-FTFA-EVALUATE-BELOW)

    @ROUND-FTFA-FIT-AT @ROUND-FTFA-EVALUATE-AT @ROUND-FTFA-DEFAULTS @ROUND-AGGREGATE-SURVIVORS @takes-55s
    Scenario: 2 of 4 clients complete a fit, and 1 of these 2 the evaluation
      Given a federation of 4 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 6 s, with
        | fraction-evaluate | 1.0 |
        | evaluate-seconds  | 6   |
      When round 1 is in fit on nodes 1, 2, 3 and 4
      And nodes 1 and 2 are stopped
      And at most 90 s pass until round 1 has ended
      And round 1 is in evaluate on nodes 3 and 4
      And node 3 is stopped
      And at most 90 s pass until the run has ended
      Then its Strategy has completion rates of 0.5 by default (ROUND-FTFA-DEFAULTS)
      And the fit of round 1 is aggregated with 2 results and 2 failures (ROUND-FTFA-FIT-AT)
      And the aggregate of round 1 is the mean of the results that came back (ROUND-AGGREGATE-SURVIVORS)
      And the evaluate of round 1 is aggregated with 1 results and 1 failures (ROUND-FTFA-EVALUATE-AT)

    @ROUND-FTFA-EVALUATE-ABOVE @ROUND-FTFA-FIT-BELOW @takes-55s
    Scenario: 3 of 4 clients complete an evaluation, and 1 of these 3 the next fit
      Given a federation of 4 SuperNodes
      And a run of 2 rounds of FaultTolerantFedAvg, each fit lasting 0 s, with
        | fraction-evaluate | 1.0   |
        | evaluate-seconds  | 6     |
        | fit-seconds-at    | 2/*:6 |
      When round 1 is in evaluate on nodes 1, 2, 3 and 4
      And node 1 is stopped
      And round 2 is in fit on nodes 2, 3 and 4
      And nodes 2 and 3 are stopped
      And at most 90 s pass until round 2 has ended
      Then the evaluate of round 1 is aggregated with 3 results and 1 failures (ROUND-FTFA-EVALUATE-ABOVE)
      And the fit of round 2 gives None with 1 results and 2 failures (ROUND-FTFA-FIT-BELOW)
      And round 2 leaves the model unchanged (ROUND-FTFA-FIT-BELOW)

  @ROUND-FTFA-CONFIGURABLE
  Rule: With other completion rates

    @takes-40s
    Scenario: Half of the clients are too few for a completion rate of 0.75
      Given a federation of 2 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 6 s, with
        | completion-rate-fit | 0.75 |
      When round 1 is in fit on nodes 1 and 2
      And node 1 is stopped
      And at most 90 s pass until round 1 has ended
      Then the fit of round 1 gives None with 1 results and 1 failures

    @takes-40s
    Scenario: A third of the clients is enough for a completion rate of 0.3
      Given a federation of 3 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 6 s, with
        | completion-rate-fit | 0.3 |
      When round 1 is in fit on nodes 1, 2 and 3
      And nodes 1 and 2 are stopped
      And at most 90 s pass until round 1 has ended
      Then the fit of round 1 is aggregated with 1 results and 2 failures
