"""Runs the notebook on stdin in the Deno kernel, as a real client does, and writes it with its outputs to stdout."""

import sys
from queue import Empty

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbclient.util import ensure_async

# How long a cell's last output may be on its way, in seconds.
LATE = 0.5


class PatientClient(NotebookClient):
    """Deno 2.9 may send the result of a cell after it has said that the cell is done; nbclient leaves it out then."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=LATE))
            except Empty:
                return
            if message["parent_header"].get("msg_id") != parent_msg_id:
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                pass


notebook = nbformat.reads(sys.stdin.read(), as_version=4)
PatientClient(
    notebook,
    timeout=600,
    kernel_name="deno",
    record_timing=False,
    coalesce_streams=True,
    resources={"metadata": {"path": sys.argv[1]}},
).execute()
sys.stdout.write(nbformat.writes(notebook))
