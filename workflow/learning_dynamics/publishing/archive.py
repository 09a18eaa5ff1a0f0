"""Archives of results: what is in them, whether they fit a configuration, and unpacking them. Light to import.

An archive is a ZIP file with the files from which every figure and the ledger are made, the settings of the run,
and ``manifest.json``, which lists the SHA-256 of every other member. ``archive_writing`` makes one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from learning_dynamics.config.configuration import Config
from learning_dynamics.config.experiments import Experiment
from learning_dynamics.errors import ConfigurationError, DataError, printable
from learning_dynamics.storage import whole_files

MANIFEST = "manifest.json"
METADATA = "ro-crate-metadata.json"
SETTINGS = "config.yaml"
WORKFLOW = "Snakefile"
DOCUMENTS = ("README.md", METADATA, SETTINGS, WORKFLOW, "provenance.html")

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
# Whatever does not look like this is not unpacked, so that no name leads out of the results folder.
_RESULT = re.compile(
    rf"(datasets|structure)/{_NAME}\.nc|theory/{_NAME}/{_NAME}\.nc|trajectories/{_NAME}/{_NAME}/seed-\d{{1,6}}\.nc"
    rf"|settings/{_NAME}\.json"
    r"|scaling/(side|std|learning_rate)\.nc|(variants|zero_padding)/[A-Za-z][A-Za-z0-9_-]*\.nc"
)
# Bytes; that of a run with a hundred thousand files has half as many.
_LARGEST_MANIFEST = 2**25
_AGAIN = "get the archive again from where it was published"


class Member(BaseModel):
    """Size in bytes and SHA-256 of a member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """The content of manifest.json.

    settings: the configuration of the run, with the experiments and networks that are in the archive.
    files: every other member, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    settings: dict[str, Any]
    files: dict[str, Member]

    @field_validator("settings")
    @classmethod
    def _name_experiments(cls, settings: dict[str, Any]) -> dict[str, Any]:
        experiments = settings.get("experiments")
        parts = list(experiments.values()) if isinstance(experiments, dict) else []
        if not parts or not all(isinstance(part, dict) and isinstance(part.get("networks"), dict) for part in parts):
            raise ValueError("the settings lack experiments, or one of these its networks")
        return settings

    @property
    def results(self) -> list[str]:
        """The result files, named as in a results folder."""
        return [name for name in self.files if is_result(name)]


@dataclass(frozen=True)
class Archive:
    """An archive whose names and sizes agree with its manifest; contents are checked when it is unpacked."""

    path: Path
    manifest: Manifest


def is_result(name: str) -> bool:
    """Whether a name is that of a result file from which figures or the ledger are made."""
    return _RESULT.fullmatch(name) is not None


def open_archive(path: str | Path) -> Archive:
    """Read the manifest and compare it with the list of members.

    Raises:
        DataError: the archive is missing, damaged, or lacks a file or has one too many; names the file.
    """
    path = Path(path)
    with _zip(path) as members:
        names: set[str] = set()
        for name in (entry.filename for entry in members.infolist()):
            if name in names:
                raise DataError(f"archive '{path}': '{_brief(name)}' is in it twice; {_AGAIN}")
            if name != MANIFEST and name not in DOCUMENTS and not is_result(name):
                raise DataError(
                    f"archive '{path}': '{_brief(name)}' does not belong into an archive of results; {_AGAIN}"
                )
            names.add(name)
        if MANIFEST not in names:
            raise DataError(f"archive '{path}': {MANIFEST} is missing; expected an archive made by `make archive`")
        if (size := members.getinfo(MANIFEST).file_size) > _LARGEST_MANIFEST:
            raise DataError(
                f"archive '{path}': {MANIFEST} has {size:,} bytes, expected at most {_LARGEST_MANIFEST:,}; {_AGAIN}"
            )
        with _naming(path, MANIFEST):
            manifest = Manifest.model_validate_json(members.read(MANIFEST))
        for name in sorted(set(manifest.files) - names):
            raise DataError(f"archive '{path}': {_brief(name)} is missing; {_AGAIN}")
        for name in sorted(names - set(manifest.files) - {MANIFEST}):
            raise DataError(f"archive '{path}': {name} is not in its manifest; {_AGAIN}")
        for name, member in manifest.files.items():
            size = members.getinfo(name).file_size
            if size != member.size:
                raise DataError(f"archive '{path}': {name} has {size} bytes, expected {member.size}; {_AGAIN}")
    return Archive(path, manifest)


def unpack(archive: Archive, folder: str | Path) -> None:
    """Put the result files and the manifest into a results folder: all of them or none.

    Every file is compared with its SHA-256 before the first one is moved to its place.

    Raises:
        DataError: a member is not what the manifest says or no reader bears it, or the folder cannot be written; names
            the file.
    """
    from learning_dynamics.storage import netcdf

    folder = Path(folder)
    waiting = folder / f".archive.{os.getpid()}.partial"
    try:
        with _zip(archive.path) as members:
            for name, member in archive.manifest.files.items():
                content = _checked(archive.path, members, name, member)
                if is_result(name):
                    place = waiting / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with open(place, "wb") as file:
                        file.writelines(content)
                else:
                    for _ in content:
                        pass
            manifest = members.read(MANIFEST)
        if deadly := netcdf.crashing([waiting / name for name in archive.manifest.results]):
            raise DataError(
                f"{archive.path}: '{Path(deadly).relative_to(waiting)}' crashes the NetCDF library; use another archive"
            )
        with whole_files.replacing(folder / MANIFEST) as temporary:
            temporary.write_bytes(manifest)
        for name in archive.manifest.results:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (waiting / name).replace(folder / name)
    except OSError as error:
        raise DataError(
            f"{folder}: the archive could not be unpacked ({error}); make room or choose another folder"
        ) from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def restricted(config: Config, archive: Archive) -> Config:
    """The configuration without what the archive does not hold.

    Raises:
        ConfigurationError: a setting is not the one that made the archive; a line per key, the first ten.
    """
    here, there = settings_of(config), archive.manifest.settings
    # Earlier archives have one number of seeds for all experiments.
    earlier = {name: {"seeds": there.get("seeds"), **settings} for name, settings in there["experiments"].items()}
    there = {**there, "seeds": None, "experiments": earlier}
    lines = [
        f"configuration key '{_brief(key)}': {_shown(ours)} here, {_shown(theirs)} in the archive '{archive.path}'"
        for key, ours, theirs in _differences(here, there)
    ]
    if lines:
        remedy = f"to use the archive's settings: unzip -p '{archive.path}' {SETTINGS} > its-settings.yaml, and add "
        raise ConfigurationError("\n".join([*lines[:10], f"{remedy}--configfile its-settings.yaml"]))
    experiments = {
        name: _with_networks(config.experiments[name], settings["networks"])
        for name, settings in there["experiments"].items()
    }
    kept = {key: getattr(config, key) if there.get(key) else None for key in Config.EXTENSIONS}
    return config.model_copy(update={"experiments": experiments, **kept})


def require(archive: Archive, files: Iterable[str]) -> None:
    """Check that the archive has the result files that the figures and the ledger need.

    Raises:
        DataError: one is missing; names it.
    """
    missing = [name for name in files if name not in archive.manifest.files]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"archive '{archive.path}': {missing[0]}{more} missing in it; {_AGAIN}")


def check_results_folder(
    folder: str | Path, archive: Archive | None, has: Callable[[str], bool] = os.path.exists
) -> None:
    """Keep results of an archive and own results apart.

    Args:
        folder: of the results, as configured.
        archive: whose results are to be used, if there is one.
        has: whether a file or folder is there.

    Raises:
        ConfigurationError: the folder holds results that were computed here although an archive is to be used, or
            results of an archive although none is.
    """
    unpacked = has(f"{folder}/{MANIFEST}")
    if archive is not None and not unpacked and has(f"{folder}/trajectories"):
        raise ConfigurationError(
            f"configuration key 'results': '{folder}' holds trajectories that were computed here; choose another "
            "folder for those of the archive: --config results=archived-results"
        )
    if archive is None and unpacked:
        raise ConfigurationError(
            f"configuration key 'results': '{folder}' holds the results of an archive; choose another folder, or set "
            "archive to use them"
        )


def settings_of(config: Config) -> dict[str, Any]:
    """The settings on which results depend, as plain data: without places and means of computation.

    Every experiment says how many seeds it has.
    """
    settings = config.model_dump(mode="json", exclude={*Config.MEANS, "seeds"})
    for name, experiment in settings["experiments"].items():
        experiment["seeds"] = config.seeds_of(name)
    return settings


def settings_with(
    config: Config, networks: Mapping[str, Iterable[str]], extensions: Collection[str] = Config.EXTENSIONS
) -> dict[str, Any]:
    """The settings on which some results depend: of the experiments named, with the networks named, and of other runs.

    Args:
        config: of the run.
        networks: names by experiment.
        extensions: keys of the runs beyond the paper's experiments, by default all.
    """
    settings = settings_of(config)
    settings |= {key: None for key in Config.EXTENSIONS if key not in extensions}
    experiments = {}
    for name, trained in networks.items():
        experiment = settings["experiments"][name]
        shown = {network: value if network in trained else None for network, value in experiment["networks"].items()}
        experiments[name] = {**experiment, "networks": shown}
    return {**settings, "experiments": experiments}


def _with_networks(experiment: Experiment, archived: Mapping[str, Any]) -> Experiment:
    left_out = {name: None for name in experiment.networks.names if archived.get(name) is None}
    return experiment.model_copy(update={"networks": experiment.networks.model_copy(update=left_out)})


def _differences(here: Mapping[str, Any], there: Mapping[str, Any], key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys that differ, as written in a configuration; what the archive does not hold is not compared."""
    for name in sorted({*here, *there}):
        inner, ours, theirs = f"{key}.{name}".lstrip("."), here.get(name), there.get(name)
        in_archive = name in there and theirs is not None
        if not in_archive and (key in ("", "experiments") or key.endswith(".networks")):
            continue
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from _differences(ours, theirs, inner)
        # Where a user's images are differs between machines.
        elif ours != theirs and not inner.endswith(".dataset.source"):
            yield inner, ours, theirs


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise DataError(f"archive '{path}': there is no such file; expected one made by `make archive`") from None
    except Exception as error:
        raise DataError(f"archive '{path}': not a whole ZIP archive ({_brief(str(error))}); {_AGAIN}") from None


def _checked(path: Path, members: zipfile.ZipFile, name: str, member: Member) -> Iterator[bytes]:
    """The bytes of a member; an error after the last of them if they are not what the manifest says."""
    digest, size = hashlib.sha256(), 0
    with _naming(path, name), members.open(name) as file:
        while size <= member.size and (block := file.read(1 << 20)):
            digest.update(block)
            size += len(block)
            yield block
    if digest.hexdigest() != member.sha256:
        raise DataError(f"archive '{path}': {name} is damaged (its SHA-256 is not that of the manifest); {_AGAIN}")


@contextlib.contextmanager
def _naming(path: Path, name: str) -> Iterator[None]:
    """Name the member that cannot be read: a damaged one can make the libraries raise anything."""
    try:
        yield
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise _damaged(path, name, f"{place}: {fault['msg']}") from None
    except Exception as error:
        raise _damaged(path, name, str(error) or type(error).__name__) from None


def _damaged(path: Path, name: str, reason: str) -> DataError:
    return DataError(f"archive '{path}': {name} is damaged ({_brief(reason)}); {_AGAIN}")


def _brief(text: str) -> str:
    return printable(text)[:200]
