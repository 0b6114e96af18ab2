print("hikae")
