"""Calls a second of a Python asyncio client, to compare with Murmur's scheduler.

    pip install aiohttp            # or httpx, which is slower; uvloop is used if it is there
    murmur mock-model --port 8000 &
    python scripts/asyncio_client.py http://127.0.0.1:8000/v1 [--client httpx] [--calls 20000] [--in-flight 64]

The work is that of `cargo bench -p murmur-benches --bench scheduler zero`: for each of so many agents a prompt of about
700 tokens with two tools is rendered and sent, and the reply is parsed down to the tool's arguments. Printed is the
median of five rounds.
"""

import argparse
import asyncio
import json
import statistics
import time

INSTRUCTIONS = "You are a person on a social network. " * 60


def tool(name, description, properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    tool("like_post", "Like a post", {"post": {"type": "integer", "minimum": 1, "maximum": 5}}),
    tool("create_post", "Write a post", {"content": {"type": "string"}}),
]


def render(agent):
    """The body of an agent's request."""
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": f"You are agent {agent}. What do you do?"},
    ]
    return json.dumps({"model": "m", "messages": messages, "tools": TOOLS, "seed": agent}).encode()


def parse(answer):
    """The tool that a reply calls, and its arguments."""
    function = json.loads(answer)["choices"][0]["message"]["tool_calls"][0]["function"]
    return function["name"], json.loads(function["arguments"])


async def work(post, calls, in_flight):
    """Makes the calls with so many at a time, and returns the decisions in order."""
    decisions = [None] * calls
    agents = iter(range(calls))

    async def worker():
        for agent in agents:
            decisions[agent] = parse(await post(render(agent)))

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return decisions


async def with_aiohttp(url, measure):
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def post(body):
            async with session.post(url, data=body) as answer:
                answer.raise_for_status()
                return await answer.read()

        await measure(post)


async def with_httpx(url, measure):
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, headers=HEADERS, timeout=60, trust_env=False) as client:

        async def post(body):
            answer = await client.post(url, content=body)
            answer.raise_for_status()
            return answer.content

        await measure(post)


HEADERS = {"Content-Type": "application/json"}
CLIENTS = {"aiohttp": with_aiohttp, "httpx": with_httpx}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="base URL of the server, such as http://127.0.0.1:8000/v1")
    parser.add_argument("--client", choices=CLIENTS, default="aiohttp")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--in-flight", type=int, default=64)
    args = parser.parse_args()

    async def measure(post):
        await work(post, 1000, args.in_flight)
        rates = []
        for _ in range(5):
            start = time.perf_counter()
            decisions = await work(post, args.calls, args.in_flight)
            rates.append(args.calls / (time.perf_counter() - start))
            assert all(decisions), "every call has a decision"
        print(f"{args.client}, {loop}: {statistics.median(rates):.0f} decisions/s")

    run, loop = asyncio.run, "asyncio"
    try:
        import uvloop

        run, loop = uvloop.run, "uvloop"
    except ImportError:
        pass
    run(CLIENTS[args.client](args.url.rstrip("/") + "/chat/completions", measure))


if __name__ == "__main__":
    main()
