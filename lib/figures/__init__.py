"""One figure a module: a function of the module's name, an example, a legend, and a note of the same name."""
