"""The figures of the pages: every public function of a module here draws one, named as the function is."""
