"""Runs of stacks as the portal has them: workflows of Temporal, which no kill of portal, worker or engine loses.

    plan → wait until somebody approves it → apply → done

`portal.runs.service.RunService` is what pages and APIs use.
"""
