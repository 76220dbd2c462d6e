-- Chunks are attached without a lock that readers mind: nothing to change here.
SELECT;
