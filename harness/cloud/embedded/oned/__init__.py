"""The core: VMs and their life, templates, documents, hosts and images, and the XML-RPC in front of them."""
