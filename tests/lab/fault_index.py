"""Where each fault that version 0.1 failed is tested: rows of `faults.py` by their id, other tests by their name.

B: a wrong claim, a lost record, a hang or a crash; P: an unclear message. tests/unit/lab/test_fault_index.py checks
that each name exists.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tested:
    """What was wrong, and what tests it: ids of the table's rows (`rows`) and names of other tests."""

    wrong: str
    rows: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


INDEX = {
    "B1": Tested(
        "a broken post-copy is promised to go on, whatever has happened",
        (
            "qemu of the target killed in post-copy",
            "qemu of the target killed as post-copy begins",
            "guest powered off in post-copy",
            "streams cut in post-copy",
            "post-copy paused by another program",
        ),
    ),
    "B2": Tested(
        "no recovery of a broken post-copy, and advice that crashes libvirt 11.3",
        ("post-copy paused by another program", "streams cut in post-copy"),
        ("test_a_paused_post_copy_is_recovered", "test_a_resume_that_would_crash_libvirt_is_not_offered"),
    ),
    "B3": Tested(
        "a VM whose source's QEMU is gone in post-copy is called well",
        ("qemu of the origin killed in post-copy", "qemu of the origin killed as post-copy begins"),
    ),
    "B4": Tested(
        "without the source's libvirtd old figures are shown as new, and keys do nothing",
        (
            "libvirtd of the origin killed in setup",
            "libvirtd of the origin killed in pre-copy",
            "libvirtd of the origin killed, and its owner leaves",
            "libvirtd of the origin killed in post-copy",
        ),
    ),
    "B5": Tested(
        "a cut connection to libvirt is named where both daemons answer",
        (
            "job aborted by another program",
            "uuid taken on the target",
            "emulator missing on the target",
            "no memory on the target",
            "qemu of the origin killed in pre-copy",
            "post-copy paused by another program",
            "guest powered off in post-copy",
        ),
    ),
    "B6": Tested("a guest that powers itself off is called cancelled", ("guest powered off in pre-copy",)),
    "B7": Tested(
        "without the target's libvirtd at the end the outcome is lost for good",
        ("libvirtd of the target killed in post-copy",),
        ("test_a_host_that_is_unreachable_at_the_end_is_asked_again",),
    ),
    "B8": Tested(
        "after a full disk a complete log counts as unfinished",
        ("disk of the runs full",),
        ("test_after_the_end_the_log_is_completed_once_the_disk_has_room",),
    ),
    "B9": Tested(
        "two damaged files end the app",
        tests=(
            "test_a_summary_with_values_of_other_types_is_read_as_far_as_possible",
            "test_an_invalid_line_is_kept_skipped_and_reported",
            "test_an_invalid_line_of_the_journal_is_reported_on_the_page",
        ),
    ),
    "B10": Tested(
        "a greeting of the login's shell is taken for a missing right",
        tests=(
            "test_a_login_whose_shell_prints_text_is_named_as_the_cause_of_a_broken_libvirt",
            "test_a_greeting_of_the_logins_shell_is_no_output",
            "test_a_greeting_before_libvirts_data_is_named_as_the_cause",
        ),
    ),
    "P1": Tested(
        "a libvirtd that is halted: the time is counted anew, and keys leave no trace",
        (
            "libvirtd of the origin stopped for 40 s",
            "libvirtd of the origin stopped while a key is pressed",
            "qemu of the origin stopped for 15 s",
        ),
    ),
    "P2": Tested("QEMU of the source killed in setup: wrong act, wrong host", ("qemu of the origin killed in setup",)),
    "P3": Tested(
        "after a restart of the source's libvirtd figures are 0",
        ("libvirtd of the origin killed in post-copy",),
        (
            "test_a_total_time_that_libvirt_counted_anew_after_its_restart_is_not_shown",
            "test_unknown_final_figures_are_not_invented",
        ),
    ),
    "P4": Tested(
        "killed at the switchover: advice to remove what libvirt was removing",
        ("owner leaves as post-copy begins",),
        ("test_a_killed_runner_leaves_a_gap_and_its_successor_ends_the_record",),
    ),
    "P5": Tested(
        "killed before libvirt has begun: failed without a reason",
        tests=(
            "test_a_killed_runner_leaves_a_gap_and_its_successor_ends_the_record",
            "test_a_failure_that_another_process_waited_for_has_no_reason_here",
        ),
    ),
    "P6": Tested(
        "two apps switch at once: the second one knows too little",
        ("two owners switch at once",),
        ("test_post_copy_requested_by_two_clients_is_one_call", "test_a_second_client_is_given_the_same_records"),
    ),
    "P7": Tested(
        "two apps start the heartbeat at once",
        tests=("test_two_clients_at_once_start_one_heartbeat_and_both_use_it",),
    ),
    "P8": Tested("a VM that another program suspends is called switching over", ("vm suspended by another program",)),
    "P9": Tested(
        "a migration of virsh is not shown while the page is open",
        tests=(
            "test_a_migration_that_virsh_started_is_followed",
            "test_a_migration_of_another_program_is_followed_even_without_a_folder",
            "test_a_migration_found_running_is_followed_without_a_key",
        ),
    ),
    "P10": Tested("no free port: on which host, and what to try", ("ports taken on the target",)),
    "P11": Tested("no room for libvirt's files: on which host, and why", ("no room for libvirt's files",)),
    "P12": Tested("no memory: without the host and a hint", ("no memory on the target",)),
    "P13": Tested(
        "a UUID that is taken is found too late",
        ("uuid taken on the target",),
        ("test_a_taken_name_or_uuid_is_found_before_the_start",),
    ),
    "P14": Tested(
        "a run folder that is deleted loses all that was sampled",
        ("folder of the runs deleted",),
        ("test_a_deleted_folder_is_made_again_with_all_its_lines",),
    ),
    "P15": Tested("a start while the link is down shows no limit", ("link down before the start",)),
    "P16": Tested("a large figure spills over lines", tests=("test_a_figure_of_any_size_keeps_the_width_of_the_row",)),
    "P17": Tested(
        "a control character in a folder's name reaches the terminal",
        tests=("test_control_characters_in_a_folders_name_are_not_shown",),
    ),
    "P18": Tested(
        "a FIFO as the configuration is waited for",
        tests=("test_an_endless_device_or_a_pipe_without_a_writer_is_refused",),
    ),
    "P19": Tested(
        "a cancel is asked while post-copy begins",
        tests=("test_cancelling_is_refused_if_post_copy_began_during_the_question",),
    ),
    "P20": Tested(
        "the halt of the app itself is counted as the network's",
        tests=(
            "test_a_halted_runner_goes_on_and_its_client_sees_the_end",
            "test_a_halted_app_is_no_pause_of_the_network",
            "test_the_time_in_which_the_app_was_halted_is_no_pause_but_time_without_probes",
        ),
    ),
}
