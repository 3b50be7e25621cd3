"""``python -m energy.projection``: draw what map and layers show and keep it in the package.

Run it before a release, and after a change of facts, tree or method (see `EDITION` in `shipped`): a
projection of other facts is never read, it only costs every user the ten seconds of drawing.
"""

import sys

from energy import facts, flows
from energy.balance.cube import flow_cube
from energy.finance import prices, revenue
from energy.projection.shipped import ship


def main() -> int:
    """Ship the projection of the packaged facts."""
    tables = facts.load_package()
    built = flows.build(tables, "Q", *flows.INNER)
    known = prices.kept_by_market(tables, revenue.weights(built, tables["routes"]))
    cube = flow_cube(tables, estimate="reported", built=flows.copied(built))
    print(ship(tables, revenue.priced(cube, tables, known)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
