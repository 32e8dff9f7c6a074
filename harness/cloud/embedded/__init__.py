"""An OpenNebula in this process: oned's XML-RPC, OneFlow's REST and OneGate, on loopback.

Its behaviour is that of OpenNebula 7.0.2 (oned, OneFlow and OneGate of the release of that name), held to recordings of
a real front end (`tests/cloud/recordings`). Faults of the real one that its users meet are kept: a scale-down ends the
oldest VMs, a policy's cooldown overwrites the role's, the autoscaler's thread dies without monitoring records.
"""
