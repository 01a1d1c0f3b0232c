"""A line that is typed at the terminal of ansible-playbook.

Only so can a name be asked for that no variable, file or pipe can give: Ansible's main process reads it, and says that
there is nobody when its standard input is no terminal or it runs in the background.
"""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.utils.display import Display


def typed(question: str) -> str | None:
    """One line typed at the terminal; None if there is none, or the person broke off."""
    try:
        answer = Display().prompt_until(f"{question}: ")
    except AnsibleError:
        return None
    # What comes back from the main process is the line, or the error that it met.
    return answer.decode("utf-8", "replace").strip() if isinstance(answer, bytes) else None
