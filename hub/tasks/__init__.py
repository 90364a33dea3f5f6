"""Work after the commit: Celery tasks that call one use case each, and who takes them.

Without a broker the same tasks travel through an in-memory queue to a worker thread of the hub's own process;
with one, `kim-hub worker` takes them on as many machines as wanted. Tasks are never run eagerly.
"""
