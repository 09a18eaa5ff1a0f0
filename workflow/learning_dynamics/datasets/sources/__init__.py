"""Where images come from: folders, archives, array files and torchvision's data sets, read one after the other."""
