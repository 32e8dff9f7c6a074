@takes-5s
Feature: The file
  Pattern 1, rows 4 and 5; Pitfall 3; Open question 4: a QCOW2 below 2 GB, for a VM with a disk of 10 to 20 GB.

  Background:
    Given the image under test has been read

  @IMAGE-QCOW2-SOUND
  Scenario: The exported file is a sound QCOW2
    Then it is a QCOW2 that is whole, stands alone and is not encrypted

  @IMAGE-SIZE
  Scenario: The exported file is below the limit
    Then its file is smaller than the limit

  @IMAGE-DISK
  Scenario: The disk in it is no larger than the edge VM's
    Then its disk fits the VM's, and its root file system its partition
