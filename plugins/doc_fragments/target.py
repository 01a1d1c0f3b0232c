"""Documentation of the options of every module that speaks to vCenter; module_utils/arguments.py has the options."""

from __future__ import annotations


class ModuleDocFragment:
    """Used by extends_documentation_fragment: kyotsu.platform.target."""

    DOCUMENTATION = r"""
options:
  target:
    description:
      - Where the platform is reached and as whom; the inventory defines it as C(kyotsu_target).
    type: dict
    required: true
    suboptions:
      environment:
        description: Which of the two environments this is.
        type: str
        required: true
        choices: [lab, production]
      production:
        description: Whether real service depends on it; must agree with O(target.environment).
        type: bool
        required: true
      repository:
        description: Root of the repository that describes the estate.
        type: path
        required: true
      cache_directory:
        description: Folder for what can be read again at any time; without it nothing is kept.
        type: path
      records_url:
        description:
          - URL of the records (plans, applies, approvals, lock); without a password.
          - Production demands PostgreSQL.
        type: str
        required: true
      nfs_root:
        description: Lab only. Folder whose subfolders stand for the NFS exports of platform/storage.yml.
        type: path
      create_templates:
        description: Whether the foundation makes a missing image template (lab) or reports it (production).
        type: bool
        default: false
      host_user:
        description: Login of the ESXi hosts, needed only to add hosts.
        type: str
      host_password:
        description: Password of O(target.host_user).
        type: str
      host_passwords:
        description:
          - Password of O(target.host_user) by id of the vCenter, in place of O(target.host_password). Whoever adds the
            hosts of one vCenter then knows none of another.
        type: dict
        default: {}
      host_thumbprints:
        description:
          - SHA-1 thumbprint of each ESXi host's certificate by host name, known in advance, so that vCenter never
            trusts a host on first use. A host without one is added by vCenter's own check of its certificate.
        type: dict
        default: {}
      host_domain:
        description: Domain behind the names of the ESXi hosts, by which vCenter adds them; without it the name alone.
        type: str
      require_approval:
        description: Whether only an approved plan is applied; production always demands it.
        type: bool
        default: false
      administrator_keys_file:
        description:
          - File with one SSH public key per line, of those who may log in to new machines. Each machine is told at its
            first boot; without the file nobody can log in to a machine that is made.
        type: path
      vcenters:
        description: One entry per vCenter of platform/vcenters.yml.
        type: list
        elements: dict
        required: true
        suboptions:
          id:
            description: Id in platform/vcenters.yml.
            type: str
            required: true
          hostname:
            description: Host name or address; must agree with the server's certificate.
            type: str
            required: true
          port:
            description: Port of HTTPS.
            type: int
            default: 443
          username:
            description: Account; reading verbs take one that cannot write.
            type: str
            required: true
          password:
            description: Password of the account.
            type: str
            required: true
          ca_file:
            description: Certificate authority that the server's certificate is verified against; never switched off.
            type: path
            required: true
          datacenter:
            description: Name of the data centre in this vCenter; the lab's names are never production's.
            type: str
            required: true
  now:
    description: The time to decide by (windows, freezes), ISO 8601 with an offset. Default is the present.
    type: str
"""
