"""The clean-up job: closes whatever is stuck in closing, in one statement."""

from writer import Writer

CLOSE = """
    UPDATE active_positions SET status = 'closed', close_reason = 'cleanup_stuck_closing' WHERE status = 'closing'
    RETURNING id"""


class CleanUp(Writer):
    def cycle(self):
        """Returns how many positions were stuck."""
        rows = self.send(CLOSE, log=[("close", None)])
        return len(rows or [])
