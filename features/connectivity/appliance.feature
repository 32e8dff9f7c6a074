@nightly
Feature: The edge image, booted
  Pattern 1, rows 5 to 8; code example 3; Pattern 3, layer 1: the image under test (--image, else the reference image) is
  booted as the VM of node 1 of a service, in QEMU, with 2 processors, 2048 MB and no internet, wherever other scenarios
  run. Its context comes on a CD-ROM; it reaches OneGate, and the SuperLink through a link as all nodes have.

  One boot each for all that can be seen of it: emulated, it takes minutes of all processors.

  # Three reports of READY, 10 s apart, are over before an emulated machine has a container: RETRY_COUNT is
  # contextualization's own variable.
  @IMAGE-BOOT-READY @TMPL-VM-READY-MEANS-CONNECTED @IMAGE-BOOT-RESOURCES @IMAGE-BOOT-LINK-LOSS @IMAGE-BOOT-SUSPENDED
  @takes-300s
  Scenario: A VM registers once its SuperLink lets it in, trains, and loses its cable and its processors for a while
    Given a service of 2 SuperNodes, node 1 of which boots the edge image behind a cut link, with the context
      | RETRY_COUNT | 100 |
    When at most 1500 s pass until node 1 has reported READY
    And at most 900 s pass until node 1 has announced 2 waits
    And the link of node 1 is healed
    And at most 600 s pass until nodes 1 and 2 are online
    And at most 600 s pass until node 1 is online
    And a run of 4 rounds of Flower's own FedAvg is started, each fit lasting 5 s
    And round 1 is in fit on nodes 1 and 2
    And the cable of node 1 is out for 15 s
    And at most 600 s pass until node 1 has worked again
    And node 1 is frozen for 15 s
    And at most 600 s pass until node 1 has worked again
    And at most 900 s pass until the run has ended
    Then node 1 finds the SuperLink through OneGate, reports READY and registers, without internet (IMAGE-BOOT-READY)
    And node 1 is not READY before it is online (TMPL-VM-READY-MEANS-CONNECTED)
    And node 1, with 2 processors and 2048 MB, has a part in 2 rounds of a whole run (IMAGE-BOOT-RESOURCES)
    And node 1 works again after its cable was out (IMAGE-BOOT-LINK-LOSS)
    And node 1 works again after it was frozen (IMAGE-BOOT-SUSPENDED)

  @IMAGE-BOOT-OFFLINE @takes-110s
  Scenario: A VM boots without a network and registers once it has one
    Given a service of 1 SuperNodes, node 1 of which boots the edge image without a cable, with the context
      | FL_SUPERLINK_ADDRESS | link                            |
      | FL_NODE_CONFIG       | partition-id=0 num-partitions=1 |
    When at most 1500 s pass until node 1 has announced 1 wait
    And the cable of node 1 is plugged in
    And at most 600 s pass until node 1 is online
    Then node 1 starts its SuperNode without a network, and registers once it has one
