"""``python -m energy.balance``: solve the packaged facts and keep the result in the package.

Run it after a change of volumes, arcs, scopes, errors, route facts or corrections: a result of
other inputs is never read, it only costs every user the seconds of solving.
"""

from energy import facts
from energy.balance.kept import ship

if __name__ == "__main__":
    print(ship(facts._package()))
