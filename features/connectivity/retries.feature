Feature: --max-retries and --max-wait-time
  Flower Fault Tolerance, rows 1 and 2; Pattern 1, row 8; Pattern 3, layer 3: 0 is said to mean without limit, a number
  bounds the attempts, and what a SuperNode does without the flags is said to be unlimited and immediate.

  Rule: Refused from the start

    @CONN-RETRY-ZERO-UNLIMITED @takes-15s
    Scenario: --max-retries 0, and the SuperLink cannot be reached at the start
      Given a federation whose 1 SuperNodes have not been started, with
        | max-retries | 0 |
      When the link of node 1 is cut
      And node 1 is started
      And at most 60 s pass until node 1 has ended or announced 5 waits
      Then node 1 still tries after 5 waits

    @CONN-WAIT-ZERO-UNLIMITED @takes-15s
    Scenario: --max-wait-time 0, and the SuperLink cannot be reached at the start
      Given a federation whose 1 SuperNodes have not been started, with
        | max-wait-time | 0 |
      When the link of node 1 is cut
      And node 1 is started
      And at most 60 s pass until node 1 has ended or announced 5 waits
      Then node 1 still tries after 5 waits

    @CONN-RETRY-BOUNDED @takes-25s
    Scenario: --max-retries 3, and the SuperLink cannot be reached at the start
      Given a federation whose 1 SuperNodes have not been started, with
        | max-retries | 3 |
      When the link of node 1 is cut
      And node 1 is started
      And at most 90 s pass until node 1 has ended
      Then node 1 gives up after 4 tries and ends with a failure

    @CONN-WAIT-BOUNDED @takes-25s
    Scenario: --max-wait-time 8, and the SuperLink cannot be reached at the start
      Given a federation whose 1 SuperNodes have not been started, with
        | max-wait-time | 8 |
      When the link of node 1 is cut
      And node 1 is started
      And at most 90 s pass until node 1 has ended
      Then node 1 gives up after about 8 s and ends with a failure

    @CONN-RETRY-DEFAULT-UNLIMITED @CONN-RETRY-DEFAULT-IMMEDIATE @takes-110s
    Scenario: Neither flag, and the SuperLink cannot be reached for 60 s
      Given a federation whose 2 SuperNodes have not been started
      When the link of node 1 is cut
      And nodes 1 and 2 are started
      And 60 s pass
      And the link of node 1 is healed
      And at most 90 s pass until node 1 is online
      And a run of 1 rounds of Flower's own FedAvg is started, each fit lasting 1 s
      And at most 60 s pass until round 1 has aggregated
      Then node 1 comes online after 4 waits or more (CONN-RETRY-DEFAULT-UNLIMITED)
      And round 1 aggregates results of nodes 1 and 2 (CONN-RETRY-DEFAULT-UNLIMITED)
      And node 1 tries again at once, 4 times (CONN-RETRY-DEFAULT-IMMEDIATE)

  Rule: Refused after having been connected

    @CONN-RETRY-ZERO-AFTER @takes-20s
    Scenario: --max-retries 0, and the link is cut once the SuperNode is online
      Given a federation of 1 SuperNodes with
        | max-retries | 0 |
      When the link of node 1 is cut
      And at most 60 s pass until node 1 has ended or announced 5 waits
      Then node 1 still tries after 5 waits

    @CONN-WAIT-ZERO-AFTER @takes-20s
    Scenario: --max-wait-time 0, and the link is cut once the SuperNode is online
      Given a federation of 1 SuperNodes with
        | max-wait-time | 0 |
      When the link of node 1 is cut
      And at most 60 s pass until node 1 has ended or announced 5 waits
      Then node 1 still tries after 5 waits

    @CONN-RETRY-BOUNDED-AFTER @takes-40s
    Scenario: --max-retries 3, and the link is cut once the SuperNode is online
      Given a federation of 1 SuperNodes with
        | max-retries | 3 |
      When the link of node 1 is cut
      And at most 120 s pass until node 1 has ended
      Then node 1 ends with a failure

    @CONN-WAIT-BOUNDED-AFTER @takes-30s
    Scenario: --max-wait-time 8, and the link is cut once the SuperNode is online
      Given a federation of 1 SuperNodes with
        | max-wait-time | 8 |
      When the link of node 1 is cut
      And at most 120 s pass until node 1 has ended
      Then node 1 ends with a failure
