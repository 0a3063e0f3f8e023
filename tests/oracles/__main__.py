"""Ask the peers again and write their figures: python -m tests.oracles [TOPIC ...]."""

import json
import platform
import sys
from importlib.metadata import version

from tests.oracles import HERE, TOPICS, asked, topic


def main() -> None:
    for name in sys.argv[1:] or TOPICS:
        told = {
            "versions": {peer: version(peer) for peer in ("numpy", *topic(name).PEERS)}
            | {"machine": platform.machine()},
            "figures": asked(name),
        }
        (HERE / f"{name}.json").write_text(json.dumps(told, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
