"""Networks that checks and messages must not connect to, unless an administrator says otherwise."""

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in `text`, addresses or CIDR blocks joined by commas.

    Raises:
        ValueError: naming every one that is none.
    """
    networks: list[Network] = []
    faults = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError(f"{'; '.join(faults)}; write for example 169.254.0.0/16, fd00:ec2::/32")
    return tuple(networks)


FORBIDDEN_BY_DEFAULT = parse_networks(
    "169.254.0.0/16, fe80::/10,"  # link-local: the metadata of AWS, Google, Azure, DigitalOcean, Hetzner, OpenStack, …
    "fd00:ec2::/32, fd20:ce::254, fd00:c1::a9fe:a9fe, fd00:42::42,"  # AWS, Google, Oracle, Scaleway over IPv6
    "fd00:a9fe:a9fe::1, fd00:100::100:200, 100.100.100.200,"  # Akamai and Alibaba, Alibaba over IPv4
    "192.0.0.192, 168.63.129.16"  # Oracle's older cloud, Azure's WireServer
)
"""Where clouds hand out credentials to whoever asks from the machine. Loopback and private ranges are not among
them."""
