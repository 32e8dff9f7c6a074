"""OneFlow: services, their roles and life cycle, the autoscaler, the watch dog, and the REST interface."""
