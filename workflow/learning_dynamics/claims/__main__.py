"""Print a ledger as a table: ``python -m learning_dynamics.claims results/claims.json``."""

import json
import sys
from pathlib import Path

from learning_dynamics.claims.ledger import table

print(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
