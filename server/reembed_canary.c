int y_stub;
