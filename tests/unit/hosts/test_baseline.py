"""The CPU that all hosts of a group have in common."""

import io
import json

import pytest

from tests.fake_hosts import CPU, FakeHosts
from tui.app.commands.hosts_between import print_baseline
from tui.app.commands.output import Output
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.baseline import Baseline, every
from tui.vm.model.cpu import INCOMPATIBLE

# As libvirt 11.3 answers virConnectBaselineHypervisorCPU for two hosts.
SKYLAKE = """<cpu mode='custom' match='exact'>
  <model fallback='forbid'>Skylake-Server-IBRS</model>
  <vendor>Intel</vendor>
  <feature policy='require' name='ss'/>
  <feature policy='require' name='md-clear'/>
  <feature policy='disable' name='mpx'/>
</cpu>"""
LESS = "<cpu mode='custom'><model>EPYC-Rome</model></cpu>"


def found(**fields: object) -> Baseline:
    values: dict[str, object] = {"hosts": ("a", "b"), "virtualization": "kvm", "xml": SKYLAKE} | fields
    return Baseline(**values)  # type: ignore[arg-type]


def test_the_sentence_names_the_model_and_where_it_runs() -> None:
    cpu = found()
    assert (cpu.model, cpu.changes) == ("Skylake-Server-IBRS", ("+ss", "+md-clear", "-mpx"))
    assert cpu.sentence == "Skylake-Server-IBRS with 3 features changed: a VM with this CPU runs on both."
    assert found(hosts=tuple("abcdef"), xml=LESS).sentence == "EPYC-Rome: a VM with this CPU runs on all six."
    refused = found(verdicts={"b": INCOMPATIBLE})
    assert refused.sentence.endswith(": b can't run a VM with this CPU.")


def test_what_a_host_has_besides_is_named() -> None:
    assert found(more={"a": (), "b": ("avx512f", "pku")}).besides == ["b also has avx512f, pku."]


@pytest.mark.parametrize(("count", "words"), [(1, "it"), (2, "both"), (6, "all six"), (12, "all 12")])
def test_a_number_of_hosts_in_words(count: int, words: str) -> None:
    assert every(count) == words


async def test_the_baseline_is_what_all_hosts_have() -> None:
    world = FakeHosts(more=("host3",))
    world.further["host3"].cpu = LESS
    cpu = await Hosts(world.connections, world.changes).baseline()
    assert (cpu.hosts, cpu.virtualization, cpu.xml) == (("source", "destination", "host3"), "kvm", LESS)
    assert cpu.without == ()
    assert cpu.more == {"source": ("avx2",), "destination": ("avx2",), "host3": ()}


async def test_the_newest_libvirt_computes_it() -> None:
    world = FakeHosts()
    world.destination.versions = ((11, 9, 0), (10, 0, 2))
    await Hosts(world.connections, world.changes).baseline()
    assert "baseline_cpu kvm" in world.destination.calls
    assert "baseline_cpu kvm" not in world.source.calls


async def test_without_kvm_on_a_host_it_is_of_emulated_cpus() -> None:
    world = FakeHosts()
    world.destination.refusals["cpu_xml kvm"] = Failure("there is no KVM")
    cpu = await Hosts(world.connections, world.changes).baseline()
    assert (cpu.virtualization, cpu.xml) == ("qemu", CPU)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [("cpu_xml", "it can't be reached"), ("baseline_cpu", "source, destination have no CPU in common")],
)
async def test_a_host_without_an_answer_and_hosts_without_a_common_cpu(call: str, sentence: str) -> None:
    world = FakeHosts()
    away = Failure("it can't be reached", "no route")
    for each in (world.source, world.destination):
        each.refusals |= {f"{call} kvm": away, f"{call} qemu": away}
    with pytest.raises(Failure) as refused:
        await Hosts(world.connections, world.changes).baseline()
    assert sentence in str(refused.value)
    assert "no route" in str(refused.value)


def test_the_command_prints_the_sentence_and_the_xml() -> None:
    out = io.StringIO()
    assert print_baseline(found(more={"b": ("pku",)}), Output("hosts", out, io.StringIO()), as_json=False) == 0
    assert out.getvalue().startswith("Skylake-Server-IBRS with 3 features changed: a VM with this CPU runs on both.\n")
    assert "b also has pku.\n" in out.getvalue()
    assert out.getvalue().endswith("</cpu>\n")
    out = io.StringIO()
    assert print_baseline(found(verdicts={"a": INCOMPATIBLE}), Output("hosts", out, io.StringIO()), as_json=True) == 1
    document = json.loads(out.getvalue())
    assert (document["model"], document["without"], document["xml"]) == ("Skylake-Server-IBRS", ["a"], SKYLAKE)
