raise ExceptionGroup("g", [ValueError(1), ExceptionGroup("h", [TypeError(2)])])
