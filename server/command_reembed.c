int x_stub;
