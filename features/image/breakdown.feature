@takes-5s
Feature: What takes the room
  Pattern 1, "Image size breakdown (estimated)", column Edge. The rows estimate what is installed, so they are judged in
  the root file system, uncompressed; the last one is about the exported file.

  Background:
    Given the image under test has been read

  @IMAGE-SIZE-BASE
  Scenario: The base system
    Then the base system takes 300 to 400 MB, give or take a quarter

  @IMAGE-SIZE-DOCKER
  Scenario: The Docker engine
    Then the Docker engine takes about 400 MB, give or take a quarter

  @IMAGE-SIZE-FLOWER
  Scenario: The Flower base image
    Then the Flower image takes about 190 MB, give or take a quarter

  @IMAGE-SIZE-FRAMEWORK
  Scenario: An image of a framework
    Then the framework takes 0 MB at most, give or take a quarter

  @IMAGE-SIZE-UTILITIES
  Scenario: jq, curl and nc
    Then the utilities takes 5 MB at most, give or take a quarter

  @IMAGE-SIZE-CONTEXT
  Scenario: What is in no row
    Then the rest takes 50 MB at most, give or take a quarter

  @IMAGE-SIZE-TOTAL
  Scenario: The total
    Then the file takes 1000 to 1500 MB, give or take a quarter
