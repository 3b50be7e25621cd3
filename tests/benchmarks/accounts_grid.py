"""Print how many cells of the annual IFRS grid are filled: ``python tests/benchmarks/accounts_grid.py``.

With the path of another ``financials.csv`` (of an older edition) its cells are counted beside.
"""

import sys

import pandas as pd

from energy import facts
from energy.finance import statement

YEARS = [str(year) for year in range(2014, 2026)]


def main() -> None:
    tables = facts.load()
    print(statement.coverage(tables, "IFRS", YEARS).to_string())
    print(statement.coverage(tables, "RAS", YEARS).to_string())
    for path in sys.argv[1:]:
        old = facts.read_table(path, "financials")
        table = statement.coverage(tables.replaced({"financials": old}), "IFRS", YEARS)
        print(f"\n{path}\n{table.to_string()}")
    sums = statement.coverage(tables, "IFRS", YEARS).sum()
    print(f"\nfilled: {sums['filled']} of {sums[['filled', 'missing']].sum()}; "
          f"the statements do not print {sums['not printed']} more")  # fmt: skip


if __name__ == "__main__":
    pd.set_option("display.width", 120)
    main()
