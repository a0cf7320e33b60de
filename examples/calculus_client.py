"""A client that asks for arithmetic expressions and has the workers calculate them.

python examples/calculus_client.py HOST:PORT [EXPRESSION..]

The operations that wait for no other are under way at the same time: in (1+2)*(3+4), both sums.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from gearspec.peers.client import Client
from gearspec.peers.task import Task
from gearspec.peers.taskset import TaskSet

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
PATIENCE = 10.0


def number(node: ast.expr, results: dict[ast.expr, str]) -> str | None:
    """What a part of an expression is, as far as that is known."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand, results)
        return None if inner is None else f"{-float(inner):.15g}"
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return str(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in FUNCTIONS:
        return results.get(node)
    raise SyntaxError("only numbers, + - * / and parentheses are understood")


def tasks(node: ast.expr, results: dict[ast.expr, str]) -> Iterator[Task]:
    """A task for each operation whose two numbers are known; its result will be among the results."""
    if isinstance(node, ast.UnaryOp):
        yield from tasks(node.operand, results)
    elif isinstance(node, ast.BinOp) and number(node, results) is None:
        left, right = number(node.left, results), number(node.right, results)
        if left is None or right is None:
            yield from tasks(node.left, results)
            yield from tasks(node.right, results)
            return
        task = Task(FUNCTIONS[type(node.op)], f"{left} {right}")
        task.on_complete(lambda result: results.__setitem__(node, result.decode()))
        yield task


def calculate(client: Client, text: str) -> str:
    """The value of an expression, or what is wrong with it."""
    results: dict[ast.expr, str] = {}
    try:
        root = ast.parse(text.strip(), mode="eval").body
        while (value := number(root, results)) is None:
            batch = TaskSet(client)
            for task in tasks(root, results):
                batch.add_task(task)
            if not batch.wait(PATIENCE):
                return "nobody calculates this"
            for task in batch.tasks:
                if task.exception is not None:
                    return task.exception.decode()
                if task.outcome != "complete":
                    return task.reason
    except (SyntaxError, ValueError, RecursionError) as problem:
        return f"this is no expression: {getattr(problem, 'msg', problem)}"
    return value


def main(server: str, *expressions: str) -> None:
    """Calculate what was given; without that, ask for it."""
    with Client([server]) as client:
        client.option_request("exceptions")
        for expression in expressions:
            print(f"{expression} = {calculate(client, expression)}")
        while not expressions:
            try:
                expression = input("An expression, such as 2+3: ")
            except EOFError:
                return
            if expression.strip():
                print(calculate(client, expression))


if __name__ == "__main__":
    main(*sys.argv[1:])
