"""One check, without a server and without a database.

python examples/check_once.py [URL]
"""

import asyncio
import sys

from tocsin import check_website


async def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else "https://example.com"
    result = await check_website(url, timeout=5, max_retries=1)
    print(f"{result.status}: {url} {result.message}")
    for name, duration in result.phases.to_dict().items():
        print(f"  {name:12} {'-' if duration is None else f'{duration:8.1f}'}")
    if result.certificate is not None:
        print(f"  certificate of {result.certificate.leaf.subject}, until {result.certificate.leaf.not_after:%Y-%m-%d}")


if __name__ == "__main__":
    asyncio.run(main())
