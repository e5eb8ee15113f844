#!/usr/bin/env python3
"""Writes a population of any size in the form of OASIS's X data, or a list of its follows, to try how large inputs load.

    python3 scripts/large_population.py 1000000 20 people.csv
    python3 scripts/large_population.py 1000000 20 follows.csv --edges
    murmur run configs/x.toml --set population.path=people.csv --steps 1 --out people --timings

Nothing but the standard library is needed, and the same arguments give the same file.
"""

import argparse
import csv
import random

TRADES = ["baker", "nurse", "teacher", "pilot", "farmer", "lawyer", "painter", "driver", "cook", "programmer"]
TOPICS = ["the election", "vaccines", "football", "the power plant", "films", "gardens", "money", "music"]
PLACES = ["Leeds", "Porto", "Graz", "Lille", "Turin", "Bergen", "Gdansk", "Cork"]


def people(draws, agents, follows, rows):
    rows.writerow(["user_id", "name", "username", "description", "user_char", "following_agentid_list",
                   "previous_tweets", "activity_level_frequency"])
    for agent in range(agents):
        trade, topic, place = draws.choice(TRADES), draws.choice(TOPICS), draws.choice(PLACES)
        bio = f"A {trade} from {place} who cares about {topic}."
        persona = f"{bio} {draws.randrange(18, 90)} years old, slow to trust and quick to answer."
        posts = [f"What is new about {topic}?", f"In {place}, as a {trade}, one thinks of {draws.choice(TOPICS)}."]
        hours = [draws.randrange(20) for _ in range(24)]
        rows.writerow([agent, f"Person {agent}", f"person{agent}", bio, persona,
                       [draws.randrange(agents) for _ in range(follows)], posts, hours])


def edges(draws, agents, follows, rows):
    rows.writerow(["source", "target"])
    for agent in range(agents):
        for _ in range(follows):
            rows.writerow([agent, draws.randrange(agents)])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("agents", type=int)
    arguments.add_argument("follows", type=int, help="follows of each agent")
    arguments.add_argument("out", help="the file to write")
    arguments.add_argument("--edges", action="store_true", help="write the follows alone, as an edge list")
    given = arguments.parse_args()
    with open(given.out, "w", newline="", encoding="utf-8") as file:
        write = edges if given.edges else people
        write(random.Random(1), given.agents, given.follows, csv.writer(file))


if __name__ == "__main__":
    main()
