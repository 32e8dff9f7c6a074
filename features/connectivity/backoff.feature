Feature: Flower's own back-off
  Open question 2: whether Flower backs off exponentially, with a maximum and jitter, and whether that can be configured.

  @CONN-BACKOFF-EXPONENTIAL @CONN-BACKOFF-CAPPED @CONN-BACKOFF-JITTER @takes-110s
  Scenario: Six SuperNodes are refused alike
    Given a federation whose 6 SuperNodes have not been started
    When the links of nodes 1, 2, 3, 4, 5 and 6 are cut
    And nodes 1, 2, 3, 4, 5 and 6 are started
    And at most 300 s pass until nodes 1, 2, 3, 4, 5 and 6 have announced 7 waits
    Then the first 5 waits of 6 nodes grow exponentially (CONN-BACKOFF-EXPONENTIAL)
    And none of at least 7 waits of 6 nodes is above 300 s (CONN-BACKOFF-CAPPED)
    And the first 5 waits of 6 nodes differ from node to node (CONN-BACKOFF-JITTER)

  @CONN-BACKOFF-CONFIGURABLE @takes-10s
  Scenario: flower-supernode has an option for its back-off
    When the options of flower-supernode are read
    Then one of them sets the kind or the maximum of the back-off
