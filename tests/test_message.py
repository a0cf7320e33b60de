from __future__ import annotations

import dataclasses

import pytest

from gearspec.protocol.message import (
    BACKGROUND,
    BY_NAME,
    BY_TYPE,
    GRABS,
    HANDLE_LIMIT,
    HEADER_SIZE,
    LEGAL,
    MESSAGES,
    REQ,
    RES,
    SUBMITS,
    TERMINAL,
)


def test_the_table_has_41_messages():
    assert len(MESSAGES) == len(BY_TYPE) == len(BY_NAME) == 41


def test_the_types_are_1_to_42_without_the_unused_5():
    assert [message.type for message in MESSAGES] == [*range(1, 5), *range(6, 43)]


def test_there_are_47_legal_pairs_because_six_messages_live_under_both_magics():
    assert len(LEGAL) == len(set(LEGAL)) == 47
    assert {message.name for message in MESSAGES if message.magics == (REQ, RES)} == {
        "WORK_STATUS",
        "WORK_COMPLETE",
        "WORK_FAIL",
        "WORK_EXCEPTION",
        "WORK_DATA",
        "WORK_WARNING",
    }


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_every_message_is_sent_by_somebody_and_names_each_argument_once(message):
    assert message.magics
    assert message.senders | message.receivers <= {"client", "worker"}
    assert len(set(message.arguments)) == len(message.arguments)
    assert message.arguments or not message.opaque


def test_only_a_last_argument_that_holds_a_payload_is_opaque():
    assert {message.arguments[-1] for message in MESSAGES if message.opaque} == {"workload", "data"}
    payloads = [message for message in MESSAGES if {"workload", "data"} & set(message.arguments)]
    assert all(message.opaque for message in payloads)


def test_what_a_worker_reports_a_client_receives():
    reports = [message for message in MESSAGES if message.name.startswith("WORK_")]
    assert all(message.senders == {"worker"} and message.receivers == {"client"} for message in reports)


def test_each_grab_is_answered_by_an_assignment_with_at_least_handle_function_and_workload():
    for grab, assign in GRABS.items():
        assert BY_NAME[grab].senders == BY_NAME[assign].receivers == {"worker"}
        assert {"handle", "function", "workload"} <= set(BY_NAME[assign].arguments)


def test_the_submits_are_those_that_carry_a_workload_to_a_server():
    assert {m.name for m in MESSAGES if m.senders and "workload" in m.arguments} == SUBMITS
    assert len(SUBMITS) == 10
    assert BACKGROUND < SUBMITS
    assert {"SUBMIT_JOB", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_LOW", "SUBMIT_REDUCE_JOB"} == SUBMITS - BACKGROUND


def test_what_ends_a_job_is_a_report_of_a_worker():
    assert all(BY_NAME[name].senders == {"worker"} for name in TERMINAL)


def test_the_magics_and_limits_are_those_of_the_text():
    assert (REQ, RES, HEADER_SIZE, HANDLE_LIMIT) == (b"\0REQ", b"\0RES", 12, 64)


def test_a_row_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MESSAGES[0].type = 2
