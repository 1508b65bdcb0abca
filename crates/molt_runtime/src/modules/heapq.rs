//! The module `heapq`.
