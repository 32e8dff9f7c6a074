@takes-5s
Feature: What is in the image
  Pattern 1, rows 1 to 3 and 6; Edge Optimization Stack; Pitfall 3: the minimal system, Docker, the Flower base image and
  the utilities, and neither a framework nor leftovers of the build.

  Background:
    Given the image under test has been read

  @IMAGE-BASE-OS
  Scenario: The base system is Ubuntu Minimal
    Then its system is Ubuntu 24.04, the minimal one

  @IMAGE-DOCKER-ENGINE
  Scenario: Docker is there
    Then Docker 24 or newer, or Debian's own, is installed and starts at boot

  @IMAGE-FLOWER-PREBAKED
  Scenario: The Flower base image is pre-baked
    Then flwr/supernode of the version under test is in Docker's store, with that Flower in it

  @IMAGE-FLOWER-ONLY
  Scenario: Nothing else is pre-baked
    Then no other container image is in it

  @IMAGE-NO-FRAMEWORK
  Scenario: No framework is pre-installed
    Then neither its root nor a layer of a container image has a machine-learning framework

  @IMAGE-UTILITIES
  Scenario: The utilities are there
    Then jq, curl and nc are on its path

  @IMAGE-CLEAN
  Scenario: The build has cleaned up
    Then apt's caches and Docker's leftovers are gone
