"""What facelogin counts for operators. No person, no score, no address."""

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter(
    "kubevision_attempts_total",
    "Attempts at the camera that ended, by purpose and by result or error code.",
    ["purpose", "outcome"],
)
FRAMES = Counter("kubevision_frames_total", "Frames answered, by what became of them.", ["verdict"])
RECOGNITION_SECONDS = Histogram(
    "kubevision_recognition_seconds",
    "From handing a frame to a worker until its answer, waiting included.",
    buckets=(0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5),  # 2.5 s: the worker counts as lost
)
WORKERS_ALIVE = Gauge("kubevision_recognition_workers_alive", "Recognition processes that live.")
LIVE_SOCKETS = Gauge("kubevision_live_sockets", "Open pages that listen to this process.")
LIVE_NOT_PUBLISHED = Counter(
    "kubevision_live_not_published_total",
    "Live messages that other copies did not get, by why: redis, queue_full.",
    ["why"],
)
