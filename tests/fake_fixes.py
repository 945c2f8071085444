"""The calls of a fake hypervisor that mend what keeps a VM from migrating."""

from collections.abc import Mapping
from dataclasses import replace

from tui.core.vm import VmFacts


class FakeFixCalls:
    """The part of a FakeHypervisor that changes a VM."""

    def __init__(self) -> None:
        self.definitions: dict[str, str] = {}  # by VM, if not guest_xml's
        self.facts: dict[str, VmFacts] = {}  # by VM
        self.next: dict[str, str] = {}  # by VM: its definition for the next boot, if not that of now
        self.transient: set[str] = set()  # VMs
        self.mended: dict[str, str] = {}  # by VM: its definition after a device was changed or detached
        self.changed: list[str] = []  # the XML of these devices

    def _enter(self, call: str) -> None:
        raise NotImplementedError

    def definition(self, name: str, *, inactive: bool = False) -> str:
        raise NotImplementedError

    def next_definition(self, name: str) -> str:
        self._enter(f"next_definition {name}")
        return "" if name in self.transient else self.next.get(name) or self.definition(name)

    def update_device(self, name: str, xml: str, *, live: bool, config: bool, force: bool = False) -> None:
        self._enter(f"update_device {name} live={live} config={config} force={force}")
        self.changed.append(xml)
        self.definitions[name] = self.mended.get(name, self.definitions.get(name, ""))

    def detach_device(self, name: str, xml: str, *, live: bool, config: bool) -> None:
        self._enter(f"detach_device {name} live={live} config={config}")
        self.changed.append(xml)
        self.definitions[name] = self.mended.get(name, self.definitions.get(name, ""))

    def snapshot_definitions(self, name: str) -> Mapping[str, str]:
        self._enter(f"snapshot_definitions {name}")
        return {each: f"<domainsnapshot><name>{each}</name></domainsnapshot>" for each in self.facts[name].snapshots}

    def forget_snapshot(self, name: str, snapshot: str) -> None:
        self._enter(f"forget_snapshot {name} {snapshot}")
        known = self.facts[name]
        self.facts[name] = replace(known, snapshots=tuple(each for each in known.snapshots if each != snapshot))

    def abort_block_job(self, name: str, disk: str) -> None:
        self._enter(f"abort_block_job {name} {disk}")
        self.facts[name] = replace(self.facts[name], block_jobs=())

    def abort_backup(self, name: str) -> None:
        self._enter(f"abort_backup {name}")
        self.facts[name] = replace(self.facts[name], block_jobs=())
