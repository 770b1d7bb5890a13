// A target of C needs a source; everything of this one is in its header.
