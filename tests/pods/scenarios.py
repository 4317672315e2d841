"""What happens to the Pods while calls go on. Each takes the stack, and leaves it settled with as many replicas as before."""
import asyncio
import itertools
import json

REPLICAS = 3
PATIENCE = 60
VENDOR_TAKES_MS = 100
LONGEST_BACK_OFF = 300  # of kubelet, before it starts a container again that has ended often
numbers = itertools.count()


async def until(holds, what, patience=PATIENCE):
    """Waits for something that another process does by itself and tells nobody."""
    try:
        async with asyncio.timeout(patience):
            while not await asyncio.to_thread(holds):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"after {patience} s not so: {what}") from None


async def rolling_restart(stack):
    before = {pod.name for pod in stack.cluster.pods}
    stack.cluster.restart()
    await stack.cluster.settle()
    assert not before & {pod.name for pod in stack.cluster.pods}, "a Pod was not replaced"


async def scale(stack):
    for replicas in (5, 2, REPLICAS):
        stack.cluster.scale(replicas)
        await stack.cluster.settle()
        assert len(stack.cluster.pods) == replicas


async def config_change(stack):
    """A key of the gateway's configuration: new Pods with `configChange: restart`, the same ones that read it again with `reload`."""
    before = {pod.name for pod in stack.cluster.pods}
    deadline = f"{5 + next(numbers) % 5}s"

    def has_it(pod):
        return json.loads(stack.ask_admin(pod, "/statusz"))["configuration"]["calls.default_deadline"] == deadline
    await stack.upgrade({"config": {"calls": {"default_deadline": deadline}}})
    await stack.cluster.settle()
    restarted = not before & {pod.name for pod in stack.cluster.pods}
    assert restarted == (stack.values.get("configChange") != "reload")
    await until(lambda: all(has_it(pod) for pod in stack.cluster.pods), f"calls.default_deadline is {deadline}")


async def secret_change(stack):
    """The AppAccessKey in the Secret: the Pods stay, and requests to the vendor carry the new one."""
    before = {pod.name for pod in stack.cluster.pods}
    stack.renew_credentials()

    def is_used():
        latest = json.loads(stack.ask_sandbox("/sandbox/requests?last=50"))
        return len(latest) == 50 and all(stack.key in json.dumps(request) for request in latest)
    await until(is_used, f"requests carry {stack.key}")
    assert before == {pod.name for pod in stack.cluster.pods}


async def certificate_change(stack):
    """Of the Pods, and of who calls them: the Pods stay, and show it to new connections."""
    before = {pod.name for pod in stack.cluster.pods}
    await stack.renew_certificates()
    await until(lambda: all(stack.serves_new_certificate(pod) for pod in stack.cluster.pods), "all Pods show the new certificate")
    assert before == {pod.name for pod in stack.cluster.pods}


async def replica_killed(stack):
    """The gateway of one Pod, by SIGKILL, with calls in its hands because the vendor takes its time; kubelet starts it again in the same Pod."""
    stack.ask_sandbox("/sandbox/faults", "POST", json.dumps({"delay_ms": VENDOR_TAKES_MS}))
    container = min((pod.gateway for pod in stack.cluster.pods), key=lambda container: container.starts)
    starts = container.starts
    await asyncio.sleep(2 * VENDOR_TAKES_MS / 1000)  # until calls are in its hands
    container.kill()
    await until(lambda: container.starts > starts, "it is started again", PATIENCE + LONGEST_BACK_OFF)
    await stack.cluster.settle()
    stack.ask_sandbox("/sandbox/faults", "DELETE")


# By name; run.py says which calls may fail.
SCENARIOS = {"rolling restart": rolling_restart, "scale 3, 5, 2, 3": scale, "config change": config_change, "secret change": secret_change,
             "certificate change": certificate_change, "replica killed": replica_killed}
