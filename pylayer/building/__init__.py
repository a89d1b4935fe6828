"""Projects and wheels → what a layer is made of: wheels built here, and bytecode."""
