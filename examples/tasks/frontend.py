"""What clients see of the tasks: where they are, and the list, which another service keeps."""

import os

import requests
from flask import Flask, Response, jsonify

app = Flask(__name__)
TASKS = os.environ.get("TASKS", "http://tasks:5000")


@app.get("/")
def index() -> Response:
    """Where the list is."""
    return jsonify(url="/tasks")


@app.get("/tasks")
def tasks() -> Response:
    """The list, as the service `tasks` has it."""
    answer = requests.get(f"{TASKS}/tasks", timeout=5)
    answer.raise_for_status()
    return jsonify(answer.json())
