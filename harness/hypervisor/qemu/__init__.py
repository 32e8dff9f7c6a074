"""The site `qemu`: a SuperNode as a virtual machine of the edge image, everything else as processes."""
