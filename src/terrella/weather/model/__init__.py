"""The network: grid to mesh, message passing on the mesh, mesh to grid."""
