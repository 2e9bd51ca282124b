package station

// ConnectionsMax is the bound of connections.
const ConnectionsMax = connectionsMax
