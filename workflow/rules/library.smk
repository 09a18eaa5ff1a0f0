"""Makes the library importable, wherever the workflow comes from.

Makes: WORKFLOW, the folder of the rules, scripts and library on this machine
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path


def local_folder(rules):
    """The folder above that of the rules: as a module's, `workflow.basedir` would be the caller's.

    Of a repository elsewhere Snakemake fetches the files that rules name, one by one; the library needs a clone.
    """
    if isinstance(rules, os.PathLike):
        return Path(rules).parent
    if not hasattr(rules, "hosted_repo"):
        sys.exit(f"{rules}: the library cannot be fetched from there; clone the repository, or name it by github(…)")
    repository = rules.hosted_repo.repo
    commit = repository.commit(rules.ref).hexsha
    clones = Path(workflow.sourcecache.cache_path, "learning-dynamics")
    if not (clones / commit).exists():
        clones.mkdir(parents=True, exist_ok=True)
        passing = tempfile.mkdtemp(dir=clones)
        repository.clone(passing).git.checkout(commit)
        try:
            os.rename(passing, clones / commit)
        except OSError:  # Another run was faster.
            shutil.rmtree(passing)
    # The scripts look beside themselves, where only they are.
    folders = [str(clones / commit / "workflow"), os.environ.get("PYTHONPATH")]
    os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, folders)))
    return clones / commit / "workflow"


WORKFLOW = local_folder(workflow.current_basedir)
sys.path.insert(0, str(WORKFLOW))

import learning_dynamics

if not Path(learning_dynamics.__file__).is_relative_to(WORKFLOW):
    sys.exit(
        f"{WORKFLOW}: another copy of this workflow, {Path(learning_dynamics.__file__).parents[1]}, is in use already; "
        "use modules of one copy in a Snakefile"
    )
